# What the console says once, after something was done.
admin-claimed = Das ist für eine Weile deins; niemand sonst entscheidet darüber.
admin-released = Du hast es abgegeben.
admin-noted = Deine Notiz ist festgehalten.
admin-asked = Die Frage ist unterwegs.
admin-approved = Angenommen. Es geht von selbst weiter.
admin-rejected = Abgelehnt. Deine Begründung geht per Mail an die Person.
admin-retried = Der nächste Schritt wird versucht.
admin-resent = Wenn jetzt eine weitere Mail verschickt werden darf, ist sie unterwegs.
admin-suspended = Gesperrt. Alle Sitzungen sind beendet; der Host muss folgen.
admin-resumed = Wieder zugelassen; der Host muss folgen.
admin-role-set = Die Rolle ist geändert und gilt ab der nächsten Anfrage.
admin-invite-revoked = Die Einladung ist zurückgenommen.
admin-organization-begun = Die Organisation hat begonnen; ihre Gruppe auf dem Host wird gerade gemacht.
admin-organization-changed = Die Organisation ist geändert.
admin-organization-taken-in = Aufgenommen; der Host folgt in ein paar Sekunden.
admin-organization-taken-out = Herausgenommen; der Host folgt in ein paar Sekunden.
admin-organization-retried = Der Host wird in ein paar Sekunden gefragt.
