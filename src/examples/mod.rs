//! Training examples: labels from truth, and the shards they are kept in.
