VALUE = "as shipped"
