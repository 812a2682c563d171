"""Simulated boards, and the firmware as a child process: one circuit behind each."""
