"""A kubelet of our own: plays Pods to a script, or runs the real runner as a process, on a real API server."""
