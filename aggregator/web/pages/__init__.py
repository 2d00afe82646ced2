"""The pages for people: what they show, in which language, and the templates."""
