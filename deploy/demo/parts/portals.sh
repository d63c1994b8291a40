# portals: two stock Apaches with mod_auth_openidc, which nobody here wrote, as an agency would set them up.
portal_port() { [ "$1" = land ] && echo "$PORTAL_A_PORT" || echo "$PORTAL_B_PORT"; }

# portal_make NAME TITLE
portal_make() {
	local name=$1 port modules=/usr/lib/apache2/modules root=$REAL/portal-$1
	port=$(portal_port "$name")
	mkdir -p "$root/site"
	cat >"$root/site/index.shtml" <<-END
	<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
	<title>$2</title></head><body><main><h1>$2</h1>
	<p>You are logged in. This portal knows you as</p>
	<p><code id="sub"><!--#echo encoding="entity" var="OIDC_CLAIM_sub" --></code></p>
	<p>at assurance level <code id="acr"><!--#echo encoding="entity" var="OIDC_CLAIM_acr" --></code>,
	and knows your name as <b id="name"><!--#echo encoding="entity" var="OIDC_CLAIM_name" --></b>.</p>
	<p><a href="/cb?logout=">Log out</a></p></main></body></html>
	END
	cat >"$root/apache.conf" <<-END
	ServerRoot $root
	ServerName http://$name.localhost:$port
	Listen 127.0.0.1:$port
	Listen [::1]:$port
	PidFile $root/pid
	ErrorLog $root/error
	LogLevel warn
	LoadModule mpm_event_module $modules/mod_mpm_event.so
	LoadModule authn_core_module $modules/mod_authn_core.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	LoadModule authz_user_module $modules/mod_authz_user.so
	LoadModule include_module $modules/mod_include.so
	LoadModule mime_module $modules/mod_mime.so
	LoadModule dir_module $modules/mod_dir.so
	LoadModule auth_openidc_module $modules/mod_auth_openidc.so
	StartServers 1
	ServerLimit 1
	ThreadsPerChild 8
	MaxRequestWorkers 8
	MinSpareThreads 1
	MaxSpareThreads 8
	AsyncRequestWorkerFactor 1
	DocumentRoot $root/site
	DirectoryIndex index.shtml
	TypesConfig /etc/mime.types
	AddType text/html .shtml
	AddOutputFilter INCLUDES .shtml
	DefaultRuntimeDir $root
	OIDCProviderMetadataURL $ISSUER/.well-known/openid-configuration
	OIDCCABundlePath $REAL/tls/root.pem
	OIDCSSLValidateServer On
	OIDCClientID $(cat "$REAL/clients/$name.id")
	OIDCClientSecret $(cat "$REAL/clients/$name.secret")
	OIDCRedirectURI http://$name.localhost:$port/cb
	OIDCDefaultLoggedOutURL http://$name.localhost:$port/out.html
	OIDCCryptoPassphrase $(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
	OIDCScope "openid profile"
	OIDCPKCEMethod S256
	OIDCResponseType code
	OIDCProviderTokenEndpointAuth client_secret_basic
	OIDCCookieSameSite On
	<Location />
		AuthType openid-connect
		Require valid-user
		Options +Includes
	</Location>
	<Location /out.html>
		AuthType None
		Require all granted
	</Location>
	END
	echo '<!doctype html><html lang="en"><title>Logged out</title><p id="out">You are logged out of this portal.</p></html>' >"$root/site/out.html"
	chmod 600 "$root/apache.conf"
	own "$USER_DEMO" "$root"
}

portal_launch() { launch "$1" "$USER_DEMO" apache2 -f "$REAL/portal-$1/apache.conf" -DFOREGROUND; }
portal_ready() { await 15 "portal $1" curl -s -o /dev/null -m 2 "$2/out.html"; }
