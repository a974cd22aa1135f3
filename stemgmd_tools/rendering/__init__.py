"""Render performances through banks to stems, in memory."""
