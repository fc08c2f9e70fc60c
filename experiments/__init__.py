"""What was studied: a folder for each question, with the one command that answers it."""
