"""Mutation testing of the checkers: would a test notice if a line of one were wrong?"""
