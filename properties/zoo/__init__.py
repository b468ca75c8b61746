"""Proof that the harness can see: every broken engine is caught by its name, every right one not.

``nox -s zoo`` hunts each specimen of ``chaos.zoo`` in the layer that must find it, on each of its
databases, from several seeds; it fails unless all of them are caught within their budgets.
"""
