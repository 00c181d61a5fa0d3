"""What does the demo org contain, and how is it made?"""
