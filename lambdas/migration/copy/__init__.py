"""The copy of one mailbox: plan and identity (pure), the engine that acts, and the check."""
