package wxr

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// User is an account of the site, from its table of users. An export has no
// passwords; whoever may read the database can dump that table.
type User struct {
	ID                     string
	Login, Nicename, Email string
	DisplayName            string
	Hash                   string // of the password
	Role                   string // administrator, editor …; empty: not told
}

// Bounds of a dump.
const (
	maxUsers     = 1_000_000
	maxDumpLine  = 16 << 20
	maxUserField = 10_000
)

// ReadUsers reads a dump of the table wp_users: CSV with the names of the
// columns in its first line (in which a column "roles", as the command "wp user
// list" of WP-CLI writes it, tells roles), or the INSERT lines that mysqldump
// writes. With the INSERT lines of wp_usermeta in the same dump, those tell
// roles. It gives the accounts, and a line for each that it could not read.
func ReadUsers(r io.Reader) (users []User, bad []string, err error) {
	in := bufio.NewReaderSize(r, windowBytes)
	if head, _ := in.Peek(3); string(head) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	head, err := in.Peek(4096)
	if len(head) == 0 {
		return nil, nil, fmt.Errorf("read accounts: %w", orEmpty(err))
	}
	text := strings.ToLower(string(head))
	if strings.Contains(text, "insert into") || strings.HasPrefix(text, "--") || strings.HasPrefix(text, "/*") || strings.Contains(text, "create table") {
		return readSQL(in)
	}
	return readCSV(in)
}

func orEmpty(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return errors.New("the file is empty")
	}
	return err
}

func readCSV(in io.Reader) (users []User, bad []string, err error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = -1, true, true
	names, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("read accounts: %w", err)
	}
	columns := map[string]int{}
	for i, name := range names {
		columns[strings.ToLower(strings.TrimSpace(name))] = i
	}
	if _, ok := columns["user_email"]; !ok {
		return nil, nil, errors.New("read accounts: the first line names no column user_email")
	}
	for line := 2; len(users) < maxUsers; line++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			bad = append(bad, fmt.Sprintf("line %d: %v", line, err))
			var wrong *csv.ParseError
			if !errors.As(err, &wrong) {
				return users, bad, fmt.Errorf("read accounts: %w", err)
			}
			continue
		}
		get := func(name string) string {
			if i, ok := columns[name]; ok && i < len(record) && len(record[i]) <= maxUserField {
				return strings.Clone(strings.TrimSpace(record[i]))
			}
			return ""
		}
		u := User{ID: get("id"), Login: get("user_login"), Nicename: get("user_nicename"), Email: get("user_email"), DisplayName: get("display_name"), Hash: get("user_pass")}
		u.Role, _, _ = strings.Cut(get("roles"), ",")
		users = append(users, u)
	}
	return users, bad, nil
}

var (
	insert = regexp.MustCompile("(?i)^\\s*INSERT\\s+(?:IGNORE\\s+)?INTO\\s+[`\"]?([A-Za-z0-9_$]+)[`\"]?\\s*(?:\\(([^)]*)\\))?\\s*VALUES\\s*")
	// Roles are the names that are true in a value of PHP, which is read as text
	// and never evaluated.
	role = regexp.MustCompile(`s:\d+:"(administrator|editor|author|contributor|subscriber)";b:1;`)
)

// usersColumns are those of wp_users in their order, where a line does not name
// them.
var usersColumns = []string{"id", "user_login", "user_pass", "user_nicename", "user_email", "user_url", "user_registered", "user_activation_key", "user_status", "display_name"}

func readSQL(in *bufio.Reader) (users []User, bad []string, err error) {
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, windowBytes), maxDumpLine)
	found := map[string]string{} // roles by number
	table, columns := "", []string(nil)
	for line := 1; scan.Scan(); line++ {
		text := scan.Text()
		if m := insert.FindStringSubmatch(text); m != nil {
			table, columns, text = strings.ToLower(m[1]), nil, text[len(m[0]):]
			for name := range strings.SplitSeq(m[2], ",") {
				if name = strings.ToLower(strings.Trim(name, "`\" ")); name != "" {
					columns = append(columns, name)
				}
			}
		} else if !strings.HasPrefix(strings.TrimSpace(text), "(") {
			table = ""
		}
		switch {
		case strings.HasSuffix(table, "users"):
			rows, ok := values(text)
			if !ok {
				bad = append(bad, fmt.Sprintf("line %d: the values of an account cannot be read", line))
			}
			if columns == nil {
				columns = usersColumns
			}
			for _, row := range rows {
				if len(users) < maxUsers {
					users = append(users, userOf(columns, row))
				}
			}
		case strings.HasSuffix(table, "usermeta"):
			rows, _ := values(text)
			for _, row := range rows { // umeta_id, user_id, meta_key, meta_value
				if len(row) == 4 && strings.HasSuffix(row[2], "capabilities") && len(found) < maxUsers {
					if m := role.FindStringSubmatch(row[3]); m != nil {
						found[row[1]] = m[1]
					}
				}
			}
		}
		if strings.HasSuffix(strings.TrimSpace(text), ";") {
			table = ""
		}
	}
	if err := scan.Err(); err != nil {
		return users, bad, fmt.Errorf("read accounts: %w", err)
	}
	for i := range users {
		users[i].Role = found[users[i].ID]
	}
	return users, bad, nil
}

func userOf(columns, row []string) (u User) {
	for i, name := range columns {
		if i >= len(row) || len(row[i]) > maxUserField {
			continue
		}
		switch name {
		case "id":
			u.ID = row[i]
		case "user_login":
			u.Login = row[i]
		case "user_pass":
			u.Hash = row[i]
		case "user_nicename":
			u.Nicename = row[i]
		case "user_email":
			u.Email = row[i]
		case "display_name":
			u.DisplayName = row[i]
		}
	}
	return u
}

// values reads rows of an INSERT statement: (1,'a','it\'s'),(2,…); it is false
// where a row is not as it should be.
func values(s string) (rows [][]string, ok bool) {
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" || s[0] == ';' {
			return rows, true
		}
		if s[0] != '(' {
			return rows, false
		}
		s = s[1:]
		var row []string
		for {
			s = strings.TrimLeft(s, " \t")
			var value string
			if s != "" && s[0] == '\'' {
				if value, s, ok = quoted(s); !ok {
					return rows, false
				}
			} else {
				end := strings.IndexAny(s, ",)")
				if end < 0 {
					return rows, false
				}
				if value = strings.TrimSpace(s[:end]); strings.EqualFold(value, "NULL") {
					value = ""
				}
				s = s[end:]
			}
			if row = append(row, value); len(row) > 100 {
				return rows, false
			}
			s = strings.TrimLeft(s, " \t")
			if s == "" {
				return rows, false
			}
			c := s[0]
			s = s[1:]
			if c == ')' {
				break
			}
			if c != ',' {
				return rows, false
			}
		}
		rows = append(rows, row)
	}
}

// quoted reads a string of MySQL, which escapes by a backslash or by a second
// quote.
func quoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			case '0':
			default:
				b.WriteByte(s[i])
			}
		case c == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
			b.WriteByte('\'')
		case c == '\'':
			return strings.ToValidUTF8(b.String(), "\uFFFD"), s[i+1:], true
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
