"""An app that can be entered in several ways."""
