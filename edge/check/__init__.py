"""The check: may this account's request pass, now?"""
