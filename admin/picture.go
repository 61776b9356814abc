package admin

import (
	"context"
	"mime/multipart"
	"strings"

	"github.com/stoashop/stoa/commerce/media"
	"github.com/stoashop/stoa/guard/audit"
	"github.com/stoashop/stoa/kit/fault"
	"github.com/stoashop/stoa/kit/locale"
	"github.com/stoashop/stoa/platform/db"
	"github.com/stoashop/stoa/platform/upload"
	"github.com/stoashop/stoa/platform/web"
)

// PictureTypes are the kinds of file a picture may come as.
const PictureTypes = "image/jpeg,image/png,image/webp,image/gif"

// PictureForm is the part of a form in which one picture is chosen. Its form
// is sent with files.
type PictureForm struct {
	Upload []*multipart.FileHeader `form:"upload" items:"1"`
	Media  string                  `form:"media" max:"40"` // id of the one that is chosen; "" for none
	Alt    map[string]string       `form:"alt" items:"100" max:"500"`
}

// MaxPictureForm is how many bytes a form with one picture may have.
const MaxPictureForm = 32 << 20

// PictureLimits are Limits for such a form.
func (d *Desk) PictureLimits() web.Limits {
	l := d.Limits()
	l.Bytes, l.Memory = MaxPictureForm, 8<<20
	return l
}

// picturesToChoose is how many pictures a form offers beside the chosen one.
const picturesToChoose = 14

// PictureSection draws the choice: the picture there is, the latest others of
// the shop, none, or a file. id is the chosen one's; "" for none.
func (d *Desk) PictureSection(ctx context.Context, q db.Q, id string, t Typed) (Section, error) {
	sec := Section{
		Title: d.P.T("admin.media.one"), Note: d.P.T("admin.media.one_note"), ID: "picture",
		Drop: &Drop{ID: "upload", Name: "upload", Label: d.P.T("admin.media.drop_one"), Help: d.P.T("admin.media.drop_help"), Accept: PictureTypes, Fault: t.Fault("upload")},
	}
	chosen := t.Value("media", id)
	latest, err := media.Page(ctx, q, "", picturesToChoose)
	if err != nil {
		return sec, err
	}
	known, err := media.ByIDs(ctx, q, []string{id, chosen})
	if err != nil {
		return sec, err
	}
	pick := func(m media.Media) {
		sec.Picks = append(sec.Picks, Medium{ID: m.ID, URL: m.URL(320), Name: m.Name, Main: m.ID == chosen})
	}
	sec.Picks = append(sec.Picks, Medium{Name: d.P.T("admin.media.none"), Main: known[chosen].ID == ""})
	stored, has := known[id]
	if has {
		pick(stored)
		for _, lang := range d.Languages() {
			label := d.P.T("admin.media.alt")
			if len(d.Languages()) > 1 {
				label = d.P.T("admin.media.alt_in", "language", strings.ToUpper(lang))
			}
			sec.Fields = append(sec.Fields, t.Fill(Field{Name: "alt." + id + "." + lang, Label: label, Value: stored.Alt[lang], Max: 500, Lang: lang, Optional: true}))
		}
	}
	if m, ok := known[chosen]; ok && chosen != id {
		pick(m)
	}
	for _, m := range latest {
		if m.ID != id && m.ID != chosen {
			pick(m)
		}
	}
	return sec, nil
}

// TakePictures takes files in. One that is no picture is a fault at "upload".
func TakePictures(ctx context.Context, u *upload.Service, files []*multipart.FileHeader) ([]media.Input, error) {
	var taken []media.Input
	var faults fault.Form
	for _, h := range files {
		if h.Size == 0 && h.Filename == "" {
			continue
		}
		f, err := h.Open()
		if err != nil {
			return nil, err
		}
		pic, err := u.Picture(ctx, f)
		_ = f.Close()
		switch {
		case fault.Is(err, fault.Invalid), fault.Is(err, fault.TooLarge), fault.Is(err, fault.Malformed):
			bad := fault.From(err)
			params := []any{"name", h.Filename}
			for k, v := range bad.Params {
				params = append(params, k, v)
			}
			faults.Add("upload", bad.Reason, params...)
		case err != nil:
			return nil, err
		default:
			taken = append(taken, media.Input{Hash: pic.Hash, Mime: pic.Mime, Width: pic.Width, Height: pic.Height, Bytes: pic.Bytes, Colour: pic.Colour, Name: h.Filename})
		}
	}
	return taken, faults.Err()
}

// Keep notes the picture that was chosen, a taken file before all, with what
// it shows, and returns its id; "" for none.
func (in PictureForm) Keep(ctx context.Context, tx *db.Tx, actor audit.Actor, taken []media.Input, langs []string) (string, error) {
	for _, input := range taken {
		m, err := media.Add(ctx, tx, actor, input)
		return m.ID, err
	}
	if in.Media == "" {
		return "", nil
	}
	found, err := media.ByIDs(ctx, tx, []string{in.Media})
	if err != nil {
		return "", err
	}
	m, ok := found[in.Media]
	if !ok {
		return "", fault.New(fault.Invalid, "form.invalid").At("media", "form.not_a_choice")
	}
	return m.ID, Describe(ctx, tx, actor, m, in.Alt, langs)
}

// Describe says what a picture shows, as typed into alt.ID.LANGUAGE, where that
// is news.
func Describe(ctx context.Context, tx *db.Tx, actor audit.Actor, m media.Media, typed map[string]string, langs []string) error {
	alt, news := locale.Text{}, false
	for lang, text := range m.Alt {
		alt[lang] = text
	}
	for _, lang := range langs {
		if text, ok := typed[m.ID+"."+lang]; ok && text != alt[lang] {
			alt[lang], news = text, true
		}
	}
	if !news {
		return nil
	}
	return media.SetAlt(ctx, tx, actor, m.ID, alt, m.Version)
}
