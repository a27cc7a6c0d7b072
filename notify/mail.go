package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// mail delivers by SMTP, and not without TLS unless the target says so.
func (s *Sender) mail(ctx context.Context, t *Target, n *Notice, timeout time.Duration) error {
	msg, err := s.message(t, n)
	if err != nil {
		return &failure{err: err, final: true}
	}
	client, err := s.mailClient(&t.Mail, timeout)
	if err != nil {
		return &failure{err: err, final: true}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil {
		return nil
	}
	var refused *mail.SendError
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() >= 400:
		// Some servers repeat what they were sent; the code says enough.
		return &failure{err: fmt.Errorf("the mail server refuses with %d %s", refused.ErrorCode(), refused.EnhancedStatusCode()), final: !refused.IsTemp()}
	case ctx.Err() != nil:
		return &failure{err: errors.New("the mail server did not answer in time")}
	}
	// The library has no error of its own for a server without TLS.
	final := isCertificate(err) || strings.Contains(err.Error(), "not support STARTTLS")
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 400 {
		err, final = fmt.Errorf("the mail server refuses with %d before the message", reply.Code), reply.Code >= 500
	}
	return &failure{err: err, final: final}
}

// message is the notice as an e-mail: plain text, and marked so that no
// out-of-office answers it (RFC 3834, 5).
func (s *Sender) message(t *Target, n *Notice) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.From(t.Mail.From); err != nil {
		return nil, errors.New("the address that it is from cannot be used")
	}
	if err := msg.To(t.Mail.To...); err != nil {
		return nil, errors.New("an address that it goes to cannot be used")
	}
	msg.Subject("[mailworthy] " + n.Subject())
	msg.SetDateWithValue(n.Time)
	// The same for every try: a second copy is recognised as one.
	_, domain, _ := strings.Cut(strings.TrimSuffix(t.Mail.From, ">"), "@")
	msg.SetMessageIDWithValue(n.ID + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("User-Agent", "mailworthy/"+s.Version)
	msg.SetBodyString(mail.TypeTextPlain, mailText(n))
	return msg, nil
}

func (s *Sender) mailClient(m *Mail, timeout time.Duration) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(m.Server)
	if err != nil {
		return nil, errors.New("the server is not host:port")
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, errors.New("the server is not host:port")
	}
	conf := s.TLS.Clone()
	if conf == nil {
		conf = &tls.Config{}
	}
	conf.ServerName, conf.MinVersion = host, tls.VersionTLS12
	connect := s.dialer(timeout).DialGiven
	options := []mail.Option{mail.WithPort(number), mail.WithTimeout(timeout), mail.WithTLSConfig(conf)}
	if name, err := os.Hostname(); err == nil && name != "" {
		options = append(options, mail.WithHELO(name))
	}
	switch m.TLS {
	case Implicit:
		// TLS is the dialer's matter; the library sees that the connection has it.
		connect = overTLS(connect, conf)
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	case Plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	options = append(options, mail.WithDialContextFunc(connect))
	if m.Username != "" || m.Password != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.Username), mail.WithPassword(m.Password.Reveal()))
	}
	return mail.NewClient(host, options...)
}

// overTLS makes connections that have shaken hands.
func overTLS(connect mail.DialContextFunc, conf *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secure := tls.Client(conn, conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		return secure, nil
	}
}
