"""The edge to Label Studio: the only place that talks to it.

`installation` and `server` run one on this machine, to try things out;
`client` reaches any; `projects`, `push` and `pull` say what we do there.
"""
