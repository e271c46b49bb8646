# The frame of every page.
site-skip = Skip to the content
site-nav = Site
site-sign-up = Sign up
site-log-in = Log in
site-log-out = Log out
site-account = Account
site-admin = Admin
site-signed-in = Signed in as { $name }
site-first-page = To the first page
