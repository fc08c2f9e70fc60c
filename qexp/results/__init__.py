"""What came back: taken apart, scored, handed on."""
