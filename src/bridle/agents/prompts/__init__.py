"""What model agents are asked, as Markdown with places for the moment's text."""
