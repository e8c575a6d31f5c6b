//! How sentences are scored: pseudo-log-likelihood and left to right, grouped by length so that nothing is padded.
// helper E
