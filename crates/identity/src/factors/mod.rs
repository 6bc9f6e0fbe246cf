//! Second factors, and sign-in by another provider.
