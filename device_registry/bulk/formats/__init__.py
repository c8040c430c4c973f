"""CSV, XLSX and GeoJSON: one reader and one writer for each."""
