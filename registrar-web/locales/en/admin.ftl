# What the console says once, after something was done.
admin-claimed = It is yours for a while; nobody else decides about it.
admin-released = You have given it up.
admin-noted = Your note is written down.
admin-asked = The question is on its way to the applicant.
admin-approved = Approved. It goes on by itself.
admin-rejected = Rejected. The applicant gets your reason by mail.
admin-retried = The next step is being tried.
admin-resent = If another mail may be sent now, it is on its way.
admin-suspended = Suspended. Every session has ended; the host has to follow.
admin-resumed = Let in again; the host has to follow.
admin-role-set = The role is changed; it holds from the next request on.
admin-invite-revoked = The invite is taken back.
admin-organization-begun = The organization has begun; its group on the host is being made.
admin-organization-changed = The organization is changed.
admin-organization-taken-in = Taken in; the host follows within seconds.
admin-organization-taken-out = Taken out; the host follows within seconds.
admin-organization-retried = The host is asked within seconds.
