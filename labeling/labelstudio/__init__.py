"""The edge to Label Studio: the only place that talks to it.

`client` reaches any server; `projects`, `push` and `pull` are what we do there.
`local` runs one on this machine, to try things out.
"""
