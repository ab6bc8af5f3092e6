"""The score: what its author may write, and what it compiles to. Pure; hostile input ends in `ScoreRefusedError`."""
