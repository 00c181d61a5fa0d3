"""How does the fake carry out jobs of Bulk API 2.0?"""
