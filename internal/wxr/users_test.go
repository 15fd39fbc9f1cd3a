package wxr

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"
)

func bcrypted(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestPasswordsOfWordPressStayValid(t *testing.T) {
	t.Parallel()
	digest := hmac.New(sha512.New384, []byte("wp-sha384"))
	digest.Write([]byte("open sesame"))
	for name, c := range map[string]struct{ hash, password string }{
		"phpass":          {phpass("$P$Babcdefgh", "open sesame"), "open sesame"},
		"phpass of phpBB": {"$H$" + phpass("$P$Babcdefgh", "x")[3:], "x"},
		// The test vector in the public domain's test.php of phpass 0.5.
		"phpass vector": {"$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "test12345"},
		"keyed bcrypt":  {"$wp" + bcrypted(t, base64.StdEncoding.EncodeToString(digest.Sum(nil))), " open sesame\n"},
		"plain bcrypt":  {strings.Replace(bcrypted(t, "open sesame"), "$2a$", "$2y$", 1), "open sesame"},
	} {
		if !KnownHash(c.hash) {
			t.Errorf("%s: %s is not known", name, c.hash)
		}
		if !CheckPassword(c.hash, c.password) {
			t.Errorf("%s: the right password is refused", name)
		}
		if CheckPassword(c.hash, c.password+"x") || CheckPassword(c.hash, "") {
			t.Errorf("%s: a wrong password is taken", name)
		}
	}
	for _, hash := range []string{"", "$P$", "$P$zabcdefgh0123456789012345678901", "5f4dcc3b5aa765d61d8327deb882cf99", "$wp$2y$31$" + strings.Repeat("a", 53), "$2y$10$short"} {
		if KnownHash(hash) || CheckPassword(hash, "password") {
			t.Errorf("%q is taken for a hash", hash)
		}
	}
}

func TestReadUsersReadsDumps(t *testing.T) {
	t.Parallel()
	ana := User{ID: "1", Login: "ana", Nicename: "ana", Email: "ana@old.example", DisplayName: "Ana \"A\" Reis, it's", Hash: "$P$x", Role: "administrator"}
	for name, in := range map[string]string{
		"CSV": "ID,user_login,user_pass,user_nicename,user_email,display_name,roles\n1,ana,$P$x,ana,ana@old.example,\"Ana \"\"A\"\" Reis, it's\",\"administrator,shop\"\n",
		"mysqldump": "-- MySQL dump\nCREATE TABLE `wp_users` (\n  `ID` bigint\n);\nINSERT INTO `wp_users` VALUES (1,'ana','$P$x','ana','ana@old.example','','2020-01-01 00:00:00','',0,'Ana \\\"A\\\" Reis, it\\'s');\n" +
			"INSERT INTO `wp_usermeta` VALUES (1,1,'nickname','ana'),(2,1,'wp_capabilities','a:1:{s:13:\\\"administrator\\\";b:1;}');\n",
		"phpMyAdmin": "INSERT INTO `blog_users` (`ID`, `user_email`, `user_login`, `user_pass`, `user_nicename`, `display_name`) VALUES\n(1, 'ana@old.example', 'ana', '$P$x', 'ana', 'Ana \"A\" Reis, it''s');\n" +
			"INSERT INTO `blog_usermeta` (`umeta_id`, `user_id`, `meta_key`, `meta_value`) VALUES\n(9, 1, 'blog_capabilities', 'a:1:{s:13:\"administrator\";b:1;}');\n",
	} {
		users, bad, err := ReadUsers(strings.NewReader(in))
		if err != nil || len(bad) > 0 {
			t.Errorf("%s: %v, %v", name, err, bad)
		}
		if diff := gocmp.Diff([]User{ana}, users); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, in := range map[string]string{"nothing": "", "no column": "a,b\n1,2\n"} {
		if _, _, err := ReadUsers(strings.NewReader(in)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, bad, err := ReadUsers(strings.NewReader("INSERT INTO `wp_users` VALUES (1,'ana\n")); err != nil || len(bad) != 1 {
		t.Errorf("cut off: %v, %v", bad, err)
	}
}

func FuzzReadUsers(f *testing.F) {
	f.Add("INSERT INTO `wp_users` VALUES (1,'a\\'','b');")
	f.Add("ID,user_email\n1,\"a\n")
	f.Fuzz(func(t *testing.T, dump string) {
		users, _, _ := ReadUsers(strings.NewReader(dump))
		for _, u := range users {
			CheckPassword("", u.Hash)
			KnownHash(u.Hash)
		}
	})
}
