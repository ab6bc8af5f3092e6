"""What developers and CI run: the local cluster, the demo, the lanes of tests. Nothing of it ships."""
