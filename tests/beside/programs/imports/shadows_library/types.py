OWN = "types"
