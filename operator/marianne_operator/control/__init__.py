"""The edges: what is known of the cluster, what is to be done next, and doing it. No Kopf here: `watch` feeds this."""
