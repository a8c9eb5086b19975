package adminapi

import (
	"context"
	"io"
	"mime"
	"net/http"
)

// Backup is a GET that answers a backup, of BackupType. Where the server can't
// go on it is cut short, which its reader finds.
const (
	Backup     = "backup"
	BackupType = "application/octet-stream"
)

// Backup asks for a backup, which the caller reads and closes.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	res, err := c.ask(ctx, http.MethodGet, Backup, nil, nil)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if res.StatusCode == http.StatusOK && kind == BackupType {
		return res.Body, nil
	}
	var nothing struct{}
	if err := read(res, MaxBody, &nothing); err != nil {
		return nil, err
	}
	return nil, ErrNotOurs
}
