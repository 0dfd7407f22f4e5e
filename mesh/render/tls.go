package render

import (
	"path/filepath"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"

	"shop/mesh/identity"
)

// Names of secrets.
const (
	identitySecret = "workload"
	rootsSecret    = "ca"
	publicSecret   = "public"
)

// A secret's file names the files of certificates, and the directory in which a
// rename tells that they are others now.

func (b *builder) identity() []*tls.Secret {
	return []*tls.Secret{certificate(identitySecret, b.at.Certs)}
}

func (b *builder) publicCertificate() []*tls.Secret {
	return []*tls.Secret{certificate(publicSecret, b.at.PublicCerts)}
}

func certificate(name, dir string) *tls.Secret {
	return &tls.Secret{Name: name, Type: &tls.Secret_TlsCertificate{TlsCertificate: &tls.TlsCertificate{
		CertificateChain: file(filepath.Join(dir, identity.CertFile)),
		PrivateKey:       file(filepath.Join(dir, identity.KeyFile)),
		WatchedDirectory: &core.WatchedDirectory{Path: dir},
	}}}
}

func (b *builder) roots() []*tls.Secret {
	return []*tls.Secret{{Name: rootsSecret, Type: &tls.Secret_ValidationContext{ValidationContext: &tls.CertificateValidationContext{
		TrustedCa:        file(filepath.Join(b.at.Certs, identity.CAFile)),
		WatchedDirectory: &core.WatchedDirectory{Path: b.at.Certs},
	}}}}
}

// secret is the one in a file of Config.
func (b *builder) secret(name, file string) *tls.SdsSecretConfig {
	return &tls.SdsSecretConfig{Name: name, SdsConfig: b.watched(file)}
}

// mutual is what both ends of a connection in the mesh do: TLS 1.3, by their own
// certificate, with nobody but peers. Both bounds of the version are needed: the
// upper one of a client is 1.2 otherwise.
func (b *builder) mutual(peers []string, alpn ...string) *tls.CommonTlsContext {
	names := make([]*tls.SubjectAltNameMatcher, len(peers))
	for i, peer := range peers {
		names[i] = &tls.SubjectAltNameMatcher{SanType: tls.SubjectAltNameMatcher_URI, Matcher: exactly(peer)}
	}
	return &tls.CommonTlsContext{
		TlsParams: &tls.TlsParameters{
			TlsMinimumProtocolVersion: tls.TlsParameters_TLSv1_3, TlsMaximumProtocolVersion: tls.TlsParameters_TLSv1_3,
		},
		TlsCertificateSdsSecretConfigs: []*tls.SdsSecretConfig{b.secret(identitySecret, IdentityFile)},
		ValidationContextType: &tls.CommonTlsContext_CombinedValidationContext{
			CombinedValidationContext: &tls.CommonTlsContext_CombinedCertificateValidationContext{
				DefaultValidationContext:         &tls.CertificateValidationContext{MatchTypedSubjectAltNames: names},
				ValidationContextSdsSecretConfig: b.secret(rootsSecret, RootsFile),
			},
		},
		AlpnProtocols: alpn,
	}
}

// handshakeTime is how long a TLS handshake may take.
const handshakeTime = 5 * time.Second

// downstream takes connections from the mesh. A session is never resumed: every
// connection shows its certificate as it is now.
func (b *builder) downstream(peers []string) *core.TransportSocket {
	return tlsSocket(b, &tls.DownstreamTlsContext{
		CommonTlsContext:                 b.mutual(peers, "h2"),
		RequireClientCertificate:         yes(),
		DisableStatefulSessionResumption: true,
		SessionTicketKeysType:            &tls.DownstreamTlsContext_DisableStatelessSessionResumption{DisableStatelessSessionResumption: true},
	})
}

// upstream makes connections to one service of the mesh.
func (b *builder) upstream(callee string) *core.TransportSocket {
	return tlsSocket(b, &tls.UpstreamTlsContext{
		CommonTlsContext: b.mutual([]string{b.p.Identity(callee)}, "h2"),
		Sni:              callee,
		MaxSessionKeys:   number(0),
	})
}

// door takes connections from the public.
func (b *builder) door() *core.TransportSocket {
	return tlsSocket(b, &tls.DownstreamTlsContext{CommonTlsContext: &tls.CommonTlsContext{
		TlsParams: &tls.TlsParameters{
			TlsMinimumProtocolVersion: tls.TlsParameters_TLSv1_2, TlsMaximumProtocolVersion: tls.TlsParameters_TLSv1_3,
		},
		TlsCertificateSdsSecretConfigs: []*tls.SdsSecretConfig{b.secret(publicSecret, PublicFile)},
		AlpnProtocols:                  []string{"h2", "http/1.1"},
	}})
}

func tlsSocket(b *builder, m message) *core.TransportSocket {
	return &core.TransportSocket{
		Name:       "envoy.transport_sockets.tls",
		ConfigType: &core.TransportSocket_TypedConfig{TypedConfig: b.any(m)},
	}
}
