"""Touch the world once: what an effect is, its key, its states, and how an unknown one is settled."""
