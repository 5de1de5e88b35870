"""What happens in each step of the loop, for whichever way in."""
