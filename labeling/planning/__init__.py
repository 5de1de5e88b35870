"""How many answers an interval of a wanted width takes, before anybody is asked."""
