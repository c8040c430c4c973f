"""What urbansense is made of: the locked distributions, the bill of materials (`make sbom`), the audit (`make audit`)."""
