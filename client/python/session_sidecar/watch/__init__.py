"""Watching sessions."""
