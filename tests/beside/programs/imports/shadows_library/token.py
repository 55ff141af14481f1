OWN = "token"
