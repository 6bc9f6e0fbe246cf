//! Access: who belongs to an organisation, with which roles, and what follows from that.
