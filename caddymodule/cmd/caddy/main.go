// Command caddy is Caddy's own server with the Porterslodge module built in.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/porterslodge/porterslodge/caddymodule"
)

func main() { caddycmd.Main() }
