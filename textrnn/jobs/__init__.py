"""Much work of one kind: lines cut into blocks, the blocks worked on side by side, the answers in order."""
