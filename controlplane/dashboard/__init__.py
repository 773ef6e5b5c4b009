"""For people: pages, figures and live updates."""
