package media

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"time"
)

// durationOf reads how long a film or sound takes from the headers of its file: few
// bytes, whatever the file claims. What says nothing, or nonsense, is of unknown
// duration, 0. No library that is maintained and free to use reads all of these.
func durationOf(file io.ReadSeeker, size int64, f format) time.Duration {
	read := map[string]func(*probe) float64{
		mp4Format.extension: mp4Seconds, m4aFormat.extension: mp4Seconds, webmFormat.extension: webmSeconds,
		mp3Format.extension: mp3Seconds, oggFormat.extension: oggSeconds, wavFormat.extension: wavSeconds,
	}[f.extension]
	if read == nil {
		return 0
	}
	const longest = 1000 * 60 * 60 // seconds
	seconds := read(&probe{file: file, size: size, left: maxProbes})
	if !(seconds > 0 && seconds <= longest) { // NaN is neither
		return 0
	}
	return time.Duration(math.Round(seconds*1000)) * time.Millisecond
}

// maxProbes bounds the reads of one file.
const maxProbes = 2000

// probe reads parts of a file.
type probe struct {
	file io.ReadSeeker
	size int64
	left int
}

// at gives n bytes at an offset; fewer at the end of the file, and none beyond it.
func (p *probe) at(offset int64, n int) []byte {
	if p.left--; p.left < 0 || offset < 0 || offset >= p.size {
		return nil
	}
	if _, err := p.file.Seek(offset, io.SeekStart); err != nil {
		return nil
	}
	data := make([]byte, min(int64(n), p.size-offset))
	got, _ := io.ReadFull(p.file, data) // what is there counts
	return data[:got]
}

// mp4Seconds reads the movie header, or the sum of its fragments' header, of a file by
// ISO/IEC 14496-12 (8.2.2 and 8.8.2).
func mp4Seconds(p *probe) float64 {
	movie, end := mp4Box(p, 0, p.size, "moov")
	if movie == 0 {
		return 0
	}
	at, _ := mp4Box(p, movie, end, "mvhd")
	head := p.at(at, 32)
	if at == 0 || len(head) < 32 {
		return 0
	}
	scale, length := binary.BigEndian.Uint32(head[12:]), uint64(binary.BigEndian.Uint32(head[16:]))
	unknown := uint64(math.MaxUint32)
	if head[0] == 1 { // 64 bits
		scale, length, unknown = binary.BigEndian.Uint32(head[20:]), binary.BigEndian.Uint64(head[24:]), math.MaxUint64
	}
	if length == 0 || length == unknown { // in fragments
		length = 0
		if extends, end := mp4Box(p, movie, end, "mvex"); extends != 0 {
			if at, _ := mp4Box(p, extends, end, "mehd"); at != 0 {
				if head = p.at(at, 12); len(head) == 12 && head[0] == 1 {
					length = binary.BigEndian.Uint64(head[4:])
				} else if len(head) >= 8 {
					length = uint64(binary.BigEndian.Uint32(head[4:]))
				}
			}
		}
	}
	return float64(length) / float64(scale)
}

// mp4Box finds a box between two offsets, and gives where its content begins and ends;
// 0 when there is none.
func mp4Box(p *probe, from, to int64, kind string) (begin, end int64) {
	for at := from; at+8 <= to; {
		head := p.at(at, 16)
		if len(head) < 8 {
			return 0, 0
		}
		length, skip := int64(binary.BigEndian.Uint32(head)), int64(8)
		switch {
		case length == 1 && len(head) == 16:
			if length = int64(binary.BigEndian.Uint64(head[8:])); length < 16 {
				return 0, 0
			}
			skip = 16
		case length == 0:
			length = to - at
		}
		if length < skip || length > to-at {
			return 0, 0
		}
		if string(head[4:8]) == kind {
			return at + skip, at + length
		}
		at += length
	}
	return 0, 0
}

// wavSeconds divides the size of the data by the bytes of a second (RIFF WAVE).
func wavSeconds(p *probe) float64 {
	rate := uint32(0)
	for at := int64(12); ; {
		head := p.at(at, 8+16)
		if len(head) < 8 {
			return 0
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		switch {
		case string(head[:4]) == "fmt " && len(head) == 24:
			rate = binary.LittleEndian.Uint32(head[16:])
		case string(head[:4]) == "data":
			return float64(min(length, p.size-at-8)) / float64(rate)
		}
		at += 8 + length + length&1
	}
}

// oggSeconds divides the position of the last page by the rate of the first stream, of
// Vorbis or Opus (RFC 3533, RFC 7845).
func oggSeconds(p *probe) float64 {
	head := p.at(0, 128)
	if len(head) < 64 {
		return 0
	}
	serial, rate, skip := head[14:18], 0.0, 0.0
	if at := bytes.Index(head, []byte("\x01vorbis")); at > 0 && at+16 <= len(head) {
		rate = float64(binary.LittleEndian.Uint32(head[at+12:]))
	} else if at := bytes.Index(head, []byte("OpusHead")); at > 0 && at+12 <= len(head) {
		rate, skip = 48_000, float64(binary.LittleEndian.Uint16(head[at+10:]))
	}
	const tail = 128 << 10 // two of the largest pages
	last := p.at(max(0, p.size-tail), tail)
	for {
		at := bytes.LastIndex(last, []byte("OggS\x00"))
		if at < 0 {
			return 0
		}
		if page := last[at:]; len(page) >= 27 && bytes.Equal(page[14:18], serial) {
			if position := int64(binary.LittleEndian.Uint64(page[6:])); position > 0 {
				return (float64(position) - skip) / rate
			}
		}
		last = last[:at]
	}
}

// Rates of MPEG audio, layer III (ISO/IEC 11172-3 and 13818-3): kilobits a second of
// version 1 and of the others, and samples a second of version 1.
var (
	mp3Bits  = [2][16]int{{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}, {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}}
	mp3Rates = [4]int{44_100, 48_000, 32_000, 0}
)

// mp3Seconds counts the frames by the header that encoders of variable rates write (Xing,
// Info or VBRI), else it divides the size by the rate of the first frame.
func mp3Seconds(p *probe) float64 {
	at := int64(0)
	if head := p.at(0, 10); len(head) == 10 && string(head[:3]) == "ID3" {
		at = 10 + int64(head[6]&0x7f)<<21 + int64(head[7]&0x7f)<<14 + int64(head[8]&0x7f)<<7 + int64(head[9]&0x7f)
		if head[5]&0x10 != 0 { // a footer
			at += 10
		}
	}
	data := p.at(at, 8192)
	first := 0
	for ; first+4 <= len(data) && !isMP3Frame(data[first:]); first++ { //nolint:revive // looks for the first frame
	}
	if first+4 > len(data) {
		return 0
	}
	at += int64(first)
	data = data[first:]
	h := binary.BigEndian.Uint32(data)
	version, samples, old := h>>19&3, 1152, 0
	rate := mp3Rates[h>>10&3]
	if version != 3 { // 2 or 2.5
		samples, old, rate = 576, 1, rate/2
		if version == 0 {
			rate /= 2
		}
	}
	count, head := 0, data[:min(len(data), 200)]
	for _, name := range []string{"Xing", "Info"} {
		if i := bytes.Index(head, []byte(name)); i > 0 && i+12 <= len(data) && data[i+7]&1 != 0 {
			count = int(binary.BigEndian.Uint32(data[i+8:]))
		}
	}
	if i := bytes.Index(head, []byte("VBRI")); i > 0 && i+18 <= len(data) {
		count = int(binary.BigEndian.Uint32(data[i+14:]))
	}
	if count > 0 {
		return float64(count) * float64(samples) / float64(rate)
	}
	end := p.size
	if tail := p.at(p.size-128, 3); string(tail) == "TAG" {
		end -= 128
	}
	return float64(end-at) * 8 / float64(mp3Bits[old][h>>12&15]*1000)
}

// webmSeconds reads the duration in the head of a file by RFC 9559.
func webmSeconds(p *probe) float64 {
	const idSegment, idInfo, idScale, idDuration = 0x18538067, 0x1549a966, 0x2ad7b1, 0x4489
	segment, end := webmElement(p, 0, p.size, idSegment)
	info, end := webmElement(p, segment, end, idInfo)
	if segment == 0 || info == 0 {
		return 0
	}
	scale := 1e6 // nanoseconds
	if at, to := webmElement(p, info, end, idScale); at != 0 {
		n := uint64(0)
		for _, b := range p.at(at, int(min(to-at, 8))) {
			n = n<<8 | uint64(b)
		}
		scale = float64(n)
	}
	at, to := webmElement(p, info, end, idDuration)
	if at == 0 {
		return 0
	}
	switch data := p.at(at, int(min(to-at, 8))); len(data) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(data))) * scale / 1e9
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(data)) * scale / 1e9
	}
	return 0
}

// webmElement finds an element between two offsets, and gives where its content begins
// and ends; 0 when there is none.
func webmElement(p *probe, from, to int64, id uint64) (begin, end int64) {
	for at := from; at < to; {
		head := p.at(at, 16)
		found, n := webmNumber(head, true)
		length, m := webmNumber(head[n:], false)
		if n == 0 || m == 0 {
			return 0, 0
		}
		at += int64(n + m)
		if length == 1<<(7*m)-1 || length > uint64(to-at) { // unknown: to the end
			if found != id {
				return 0, 0
			}
			length = uint64(max(0, to-at))
		}
		if found == id {
			return at, at + int64(length)
		}
		at += int64(length)
	}
	return 0, 0
}

// webmNumber reads a number whose first byte says how many it has (RFC 8794); those that
// name elements keep the mark of it.
func webmNumber(data []byte, keepMark bool) (number uint64, n int) {
	if len(data) == 0 || data[0] == 0 {
		return 0, 0
	}
	for n = 1; data[0]&(0x80>>(n-1)) == 0; n++ { //nolint:revive // counts
	}
	if n > len(data) {
		return 0, 0
	}
	number = uint64(data[0])
	if !keepMark {
		number &= 0xff >> n
	}
	for _, b := range data[1:n] {
		number = number<<8 | uint64(b)
	}
	return number, n
}
