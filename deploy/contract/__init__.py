"""What other teams may rely on: the public topics, described by the types that write them."""
