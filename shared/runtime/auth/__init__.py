"""Who calls, and what they may do: JWTs signed with Ed25519, API keys, scopes, roles, principals.

scopes      what there is to be allowed, and what roles and services are given
principal   who was recognised
keys        key pairs and key sets (JWK, RFC 7517)
tokens      minting: for people and machines, and for calls between services
jwks        the public keys that may have signed a token, from a file or a URL, followed through rotation
api_keys    `wb_<id>_<secret>`
standing    whether what was given out still holds: revocations, suspended organizations, API keys of the analytics service
projections what handlers of its events keep for that
verifier    from what the Authorization header holds to a principal, or a refusal
access      what an endpoint declares
"""
