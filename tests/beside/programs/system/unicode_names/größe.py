WERT = "ä"
