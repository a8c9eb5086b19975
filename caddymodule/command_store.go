package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// holding is a command that works on a store which no server has open.
type holding struct {
	*cobra.Command
	folder, config, adapter *string
	json                    *bool

	store  *BadgerStore
	log    *slog.Logger
	screen *show.Screen
}

// holds makes a command that works on a store which no server has open.
func holds(c *cobra.Command, run func(ctx context.Context, h *holding, args []string) error) *cobra.Command {
	h := &holding{
		Command: c, json: jsonFlag(c),
		folder:  c.Flags().String("store", "", "the `folder` of the store (default: as the config says)"),
		config:  c.Flags().StringP("config", "c", "", "the `file` with the config (default ./Caddyfile)"),
		adapter: c.Flags().StringP("adapter", "a", "", "the `adapter` of the config (default: by the file's name)"),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		h.screen = show.On(c.OutOrStdout())
		h.log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
		var err error
		if h.store, err = h.find(); err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return h.explain(run(ctx, h, args))
	}
	return c
}

// find finds the store, as a server with the same config would.
func (h *holding) find() (*BadgerStore, error) {
	if *h.folder != "" {
		path, err := canonical(*h.folder)
		return &BadgerStore{Path: path}, err
	}
	config, used, _, err := caddycmd.LoadConfig(*h.config, *h.adapter)
	if err != nil {
		return nil, err
	}
	if len(config) == 0 {
		return nil, errors.New("there is no Caddyfile in this folder; write --config and where it is, or --store and the folder of the store")
	}
	s, err := storeOf(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", used, err)
	}
	return s, nil
}

// storeOf finds the store in a config that doesn't run.
func storeOf(config []byte) (*BadgerStore, error) {
	var whole struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if err := json.Unmarshal(config, &whole); err != nil {
		return nil, err
	}
	raw, ok := whole.Apps[appName]
	if !ok {
		return nil, errors.New("it has no webhook_gateway; write --store and the folder of the store")
	}
	app := App{StoreRaw: json.RawMessage(`{"module": "badger"}`)}
	if err := json.Unmarshal(raw, &app); err != nil {
		return nil, err
	}
	var s struct {
		Module string `json:"module"`
		BadgerStore
	}
	if err := json.Unmarshal(app.StoreRaw, &s); err != nil {
		return nil, err
	}
	if s.Module != "badger" {
		return nil, fmt.Errorf("its store is %q, which has no folder", s.Module)
	}
	return &s.BadgerStore, s.Provision(caddy.Context{})
}

// explain says what to do about an error.
func (h *holding) explain(err error) error {
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("the gateway is running on %s; stop it first, by `caddy stop`", h.store.Path)
	}
	return err
}
