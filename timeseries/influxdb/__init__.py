"""The store on InfluxDB 2. (VictoriaMetrics takes the same writes, but answers no Flux.)"""
