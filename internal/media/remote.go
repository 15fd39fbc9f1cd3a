package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// Location says where the blob store is.
type Location struct {
	Folder string // of this machine; used when URL is empty
	// URL is s3://BUCKET/PREFIX?region=REGION&endpoint=HTTPS-ADDRESS, or gs://BUCKET/PREFIX
	// for Google Cloud Storage by its S3-compatible interface.
	URL string
	// KeyID and Secret sign the requests; empty: they come from the environment as AWS's
	// own programs read it.
	KeyID, Secret string
}

// Open opens a blob store. What can only be seen by asking a remote one is not.
func Open(l Location) (*blob.Bucket, error) {
	if l.URL == "" {
		return OpenFolder(l.Folder)
	}
	r, prefix, err := newRemote(l)
	if err != nil {
		return nil, fmt.Errorf("the media store %q: %w", l.URL, err)
	}
	bucket := blob.NewBucket(r)
	if prefix != "" {
		bucket = blob.PrefixedBucket(bucket, prefix)
	}
	return bucket, nil
}

// googleEndpoint speaks the protocol of S3 with keys of the kind HMAC.
const googleEndpoint = "https://storage.googleapis.com"

func newRemote(l Location) (r *remote, prefix string, err error) {
	u, err := url.Parse(l.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, "", errors.New("not of the form s3://BUCKET/PREFIX?region=REGION&endpoint=ADDRESS or gs://BUCKET/PREFIX")
	}
	asked := u.Query()
	region, endpoint := asked.Get("region"), asked.Get("endpoint")
	for name := range asked {
		if name != "region" && name != "endpoint" {
			return nil, "", fmt.Errorf("there is no parameter %q: use region and endpoint", name)
		}
	}
	lookup := minio.BucketLookupAuto
	switch {
	case u.Scheme == "gs" && endpoint == "":
		endpoint = googleEndpoint
	case u.Scheme == "s3" && endpoint == "":
		endpoint = "https://s3.amazonaws.com"
	case u.Scheme == "s3":
		lookup = minio.BucketLookupPath
	default:
		return nil, "", errors.New("begins with neither s3:// nor gs://, or names an endpoint of gs://")
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" || strings.Trim(at.Path, "/") != "" {
		return nil, "", fmt.Errorf("the endpoint %q is no address of the form https://HOST", endpoint)
	}
	keys := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{}})
	if l.KeyID != "" || l.Secret != "" {
		keys = credentials.NewStaticV4(l.KeyID, l.Secret, "")
	}
	client, err := minio.NewCore(at.Host, &minio.Options{Creds: keys, Secure: at.Scheme == "https", Region: region, BucketLookup: lookup, MaxRetries: remoteTries,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			MaxIdleConns: 100, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute,
			DisableCompression: true, ForceAttemptHTTP2: true,
		}})
	if err != nil {
		return nil, "", err
	}
	if prefix = strings.Trim(u.Path, "/"); prefix != "" {
		prefix += "/"
	}
	return &remote{client, u.Host}, prefix, nil
}

const (
	// remoteTries is how often a request is tried that failed on its way.
	remoteTries = 3
	// partSize is what an upload holds of a file whose size is not known; S3 takes parts
	// of no less than 5 MiB.
	partSize = 8 << 20
)

// remote is a bucket of a server that speaks the protocol of S3. Buckets and blobs are
// as package driver says; of its options those are heeded that this program sets.
type remote struct {
	*minio.Core
	bucket string
}

var _ driver.Bucket = (*remote)(nil)

// ErrorCode implements driver.Bucket.
func (r *remote) ErrorCode(err error) gcerrors.ErrorCode {
	if errors.Is(err, context.Canceled) {
		return gcerrors.Canceled
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return gcerrors.DeadlineExceeded
	}
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok {
		return gcerrors.Unknown
	}
	switch {
	case answer.Code == minio.NoSuchKey, answer.StatusCode == http.StatusNotFound && answer.Code != minio.NoSuchBucket:
		return gcerrors.NotFound
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		return gcerrors.PermissionDenied
	case answer.StatusCode == http.StatusTooManyRequests:
		return gcerrors.ResourceExhausted
	case answer.Code == minio.NoSuchBucket, answer.StatusCode == http.StatusPreconditionFailed:
		return gcerrors.FailedPrecondition
	}
	return gcerrors.Unknown
}

// As implements driver.Bucket.
func (*remote) As(any) bool { return false }

// ErrorAs implements driver.Bucket.
func (*remote) ErrorAs(error, any) bool { return false }

// Attributes implements driver.Bucket.
func (r *remote) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	about, err := r.StatObject(ctx, r.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{ContentType: about.ContentType, ModTime: about.LastModified, Size: about.Size, ETag: strconv.Quote(about.ETag)}, nil
}

// ListPaged implements driver.Bucket.
func (r *remote) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if opts.BeforeList != nil {
		if err := opts.BeforeList(func(any) bool { return false }); err != nil {
			return nil, err
		}
	}
	size := opts.PageSize
	if size == 0 || size > 1000 {
		size = 1000
	}
	found, err := r.ListObjectsV2(r.bucket, opts.Prefix, "", string(opts.PageToken), opts.Delimiter, size)
	if err != nil {
		return nil, err
	}
	page := &driver.ListPage{}
	for _, o := range found.Contents {
		page.Objects = append(page.Objects, &driver.ListObject{Key: o.Key, ModTime: o.LastModified, Size: o.Size})
	}
	for _, p := range found.CommonPrefixes {
		page.Objects = append(page.Objects, &driver.ListObject{Key: p.Prefix, IsDir: true})
	}
	if found.IsTruncated {
		page.NextPageToken = []byte(found.NextContinuationToken)
	}
	return page, nil
}

// remoteReader reads a part of a blob.
type remoteReader struct {
	io.ReadCloser
	about driver.ReaderAttributes
}

// Attributes implements driver.Reader.
func (r *remoteReader) Attributes() *driver.ReaderAttributes { return &r.about }

// As implements driver.Reader.
func (*remoteReader) As(any) bool { return false }

// NewRangeReader implements driver.Bucket.
func (r *remote) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	if length == 0 { // no range of S3 is empty
		about, err := r.Attributes(ctx, key)
		if err != nil {
			return nil, err
		}
		return &remoteReader{http.NoBody, driver.ReaderAttributes{ContentType: about.ContentType, ModTime: about.ModTime, Size: about.Size}}, nil
	}
	var opts minio.GetObjectOptions
	var err error
	switch {
	case length > 0:
		err = opts.SetRange(offset, offset+length-1)
	case offset > 0:
		err = opts.SetRange(offset, 0)
	}
	if err != nil {
		return nil, err
	}
	body, about, header, err := r.GetObject(ctx, r.bucket, key, opts)
	if err != nil {
		return nil, err
	}
	size := about.Size
	if _, whole, ok := strings.Cut(header.Get("Content-Range"), "/"); ok {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			size = n
		}
	}
	return &remoteReader{body, driver.ReaderAttributes{ContentType: about.ContentType, ModTime: about.LastModified, Size: size}}, nil
}

// NewTypedWriter implements driver.Bucket.
func (r *remote) NewTypedWriter(ctx context.Context, key, contentType string, opts *driver.WriterOptions) (driver.Writer, error) {
	if opts.BeforeWrite != nil {
		if err := opts.BeforeWrite(func(any) bool { return false }); err != nil {
			return nil, err
		}
	}
	return &remoteWriter{ctx: ctx, to: r, key: key, contentType: contentType}, nil
}

// remoteWriter holds a small blob until it is complete, and sends a large one in parts.
// It is there when it is complete, or not at all.
type remoteWriter struct {
	ctx              context.Context //nolint:containedctx // of the writer, as the interface has it
	to               *remote
	key, contentType string

	held bytes.Buffer
	pipe *io.PipeWriter // of a large blob
	sent chan error
}

func (w *remoteWriter) put(body io.Reader, size int64) error {
	_, err := w.to.Client.PutObject(w.ctx, w.to.bucket, w.key, body, size, minio.PutObjectOptions{ContentType: w.contentType, PartSize: partSize, NumThreads: 1})
	return err
}

// Upload implements driver.Uploader. A file, whose size can be asked for, is sent
// without being held.
func (w *remoteWriter) Upload(body io.Reader) error {
	if s, ok := body.(io.Seeker); ok {
		at, err := s.Seek(0, io.SeekCurrent)
		end := int64(0)
		if err == nil {
			end, err = s.Seek(0, io.SeekEnd)
		}
		if err == nil {
			_, err = s.Seek(at, io.SeekStart)
		}
		if err != nil {
			return err
		}
		w.sent = make(chan error, 1)
		w.sent <- nil // Close has nothing left to do
		return w.put(io.LimitReader(body, end-at), end-at)
	}
	_, err := io.Copy(w, body)
	return err
}

// Write implements io.Writer.
func (w *remoteWriter) Write(p []byte) (int, error) {
	if w.pipe == nil && w.held.Len()+len(p) <= partSize {
		return w.held.Write(p)
	}
	if w.pipe == nil {
		var body *io.PipeReader
		body, w.pipe = io.Pipe()
		w.sent = make(chan error, 1)
		held := bytes.NewReader(w.held.Bytes())
		go func() { // ends with Close, or with the context
			err := w.put(io.MultiReader(held, body), -1)
			_ = body.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // a Write that waits
			w.sent <- err
		}()
	}
	return w.pipe.Write(p)
}

// Close implements io.Closer.
func (w *remoteWriter) Close() error {
	if err := w.ctx.Err(); err != nil && w.pipe == nil {
		return err
	}
	switch {
	case w.pipe != nil:
		_ = w.pipe.CloseWithError(w.ctx.Err()) // nil: its end
		err := <-w.sent
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		return err
	case w.sent != nil:
		return <-w.sent
	}
	return w.put(bytes.NewReader(w.held.Bytes()), int64(w.held.Len()))
}

// Copy implements driver.Bucket.
func (r *remote) Copy(ctx context.Context, to, from string, _ *driver.CopyOptions) error {
	_, err := r.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: r.bucket, Object: to}, minio.CopySrcOptions{Bucket: r.bucket, Object: from})
	return err
}

// Delete implements driver.Bucket. S3 does not tell whether there was a blob.
func (r *remote) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	return r.RemoveObject(ctx, r.bucket, key, minio.RemoveObjectOptions{})
}

// SignedURL implements driver.Bucket.
func (r *remote) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", minio.ErrorResponse{StatusCode: http.StatusNotImplemented, Message: "addresses are not signed"}
}

// Close implements driver.Bucket.
func (*remote) Close() error { return nil }
