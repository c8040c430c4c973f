"""What all pages share: words and colours."""
