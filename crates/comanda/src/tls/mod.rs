//! Certificates: from files, or from an authority of our own.
