"""What people are asked, what they answered, and what follows from it.

Modules named after nouns are pure. `labelstudio` is the edge to the server
where people label.
"""
