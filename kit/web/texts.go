package web

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"shop/kit/errs"
)

// Text is what a client reads, in both languages. "{id}" stands for the
// parameter id.
type Text struct{ VI, EN string }

// Texts holds texts by the code of an error or of a field's rule.
type Texts map[string]Text

// with returns t with those of more, which win.
func (t Texts) with(more Texts) Texts {
	all := maps.Clone(t)
	maps.Copy(all, more)
	return all
}

// Missing returns the codes that have no text in t or among DefaultTexts, or
// only one language, sorted: a test of every service proves that none of its
// errors and rules does.
func (t Texts) Missing(codes ...string) []string {
	all := DefaultTexts().with(t)
	var missing []string
	for _, code := range codes {
		if text := all[code]; text.VI == "" || text.EN == "" {
			missing = append(missing, code)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// text returns the text of e. A code without a text has that of its kind; a bug
// in a table of texts must not show a client what is inside.
func (t Texts) text(e *errs.Error, l lang) string {
	if text, ok := t[e.Code]; ok {
		return text.fill(e.Params, l)
	}
	return t[e.Kind.String()].fill(nil, l)
}

// rule returns the text of a field's rule.
func (t Texts) rule(code string, params errs.Params, l lang) string {
	if text, ok := t[code]; ok {
		return text.fill(params, l)
	}
	return t["value_error"].fill(nil, l)
}

// fill returns the text in l with its placeholders filled. A placeholder without
// a parameter stays as it is.
func (t Text) fill(params errs.Params, l lang) string {
	text := t.VI
	if l == english {
		text = t.EN
	}
	if len(params) == 0 || !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		value, known := params[name]
		if !closed || !known {
			b.WriteByte('{')
			text = rest
			continue
		}
		fmt.Fprint(&b, value)
		text = after
	}
}

// DefaultTexts returns the texts of the platform's own errors and of the rules
// that fields of every domain share.
func DefaultTexts() Texts {
	return Texts{
		// Errors by kind, for codes without a text of their own.
		"internal":        {"Lỗi hệ thống. Vui lòng thử lại sau.", "Internal error. Please try again later."},
		"invalid":         {"Dữ liệu không hợp lệ", "Invalid data"},
		"refused":         {"Yêu cầu không được chấp nhận", "The request was refused"},
		"unauthenticated": {"Không thể xác thực thông tin đăng nhập", "Could not validate credentials"},
		"forbidden":       {"Bạn không có quyền thực hiện thao tác này", "You are not allowed to do this"},
		"not_found":       {"Không tìm thấy", "Not found"},
		"conflict":        {"Yêu cầu xung đột với trạng thái hiện tại", "The request conflicts with the current state"},
		"stale":           {"Dữ liệu đã thay đổi, vui lòng tải lại", "The data has changed meanwhile, please reload it"},
		"limited":         {"Quá nhiều yêu cầu. Vui lòng thử lại sau.", "Too many requests. Please try again later."},
		"unavailable":     {"Dịch vụ tạm thời không khả dụng. Vui lòng thử lại sau.", "The service is temporarily unavailable. Please try again later."},

		// Errors of the platform.
		"validation_failed":      {"Dữ liệu không hợp lệ", "Invalid data"},
		"overloaded":             {"Hệ thống đang quá tải. Vui lòng thử lại sau.", "The service is overloaded. Please try again later."},
		"timeout":                {"Yêu cầu xử lý quá lâu. Vui lòng thử lại sau.", "The request took too long. Please try again later."},
		"not_ready":              {"Dịch vụ chưa sẵn sàng", "The service is not ready"},
		"route_not_found":        {"Không tìm thấy đường dẫn", "No such path"},
		"method_not_allowed":     {"Phương thức không được hỗ trợ", "Method not allowed"},
		"not_acceptable":         {"Chỉ hỗ trợ phản hồi application/json", "Only application/json can be answered"},
		"body_too_slow":          {"Nội dung yêu cầu được gửi quá chậm", "The request body came too slowly"},
		"body_too_large":         {"Nội dung yêu cầu vượt quá 1 MiB", "The request body is larger than 1 MiB"},
		"unsupported_media_type": {"Kiểu nội dung không được hỗ trợ", "Unsupported content type"},
		"not_a_caller":           {"Chỉ dành cho các dịch vụ nội bộ", "For internal services only"},

		// Rules of fields.
		"missing":            {"Trường này là bắt buộc", "Field required"},
		"value_error":        {"Giá trị không hợp lệ", "Invalid value"},
		"json_invalid":       {"JSON không hợp lệ", "Invalid JSON"},
		"form_invalid":       {"Biểu mẫu không hợp lệ", "Invalid form"},
		"query_invalid":      {"Chuỗi truy vấn không hợp lệ", "Invalid query string"},
		"dict_type":          {"Giá trị phải là một đối tượng JSON", "Input should be a JSON object"},
		"string_type":        {"Giá trị phải là chuỗi ký tự", "Input should be a string"},
		"string_unicode":     {"Chuỗi ký tự không phải là Unicode hợp lệ", "Input should be valid Unicode"},
		"string_nul":         {"Chuỗi ký tự không được chứa ký tự NUL", "Input should not contain NUL characters"},
		"string_too_short":   {"Chuỗi ký tự phải có ít nhất {min_length} ký tự", "String should have at least {min_length} characters"},
		"string_too_long":    {"Chuỗi ký tự chỉ được có tối đa {max_length} ký tự", "String should have at most {max_length} characters"},
		"int_type":           {"Giá trị phải là số nguyên", "Input should be an integer"},
		"int_parsing":        {"Giá trị phải là số nguyên", "Input should be an integer"},
		"int_parsing_size":   {"Số nguyên quá lớn", "The integer is too large"},
		"int_from_float":     {"Giá trị phải là số nguyên, không có phần thập phân", "Input should be an integer without a fractional part"},
		"bool_type":          {"Giá trị phải là true hoặc false", "Input should be true or false"},
		"bool_parsing":       {"Giá trị phải là true hoặc false", "Input should be true or false"},
		"decimal_type":       {"Giá trị phải là số", "Input should be a number"},
		"decimal_parsing":    {"Giá trị phải là số thập phân hợp lệ", "Input should be a valid decimal number"},
		"decimal_max_digits": {"Số có quá nhiều chữ số", "The number has too many digits"},
		"greater_than":       {"Giá trị phải lớn hơn {gt}", "Input should be greater than {gt}"},
		"greater_than_equal": {"Giá trị phải lớn hơn hoặc bằng {ge}", "Input should be greater than or equal to {ge}"},
		"less_than":          {"Giá trị phải nhỏ hơn {lt}", "Input should be less than {lt}"},
		"less_than_equal":    {"Giá trị phải nhỏ hơn hoặc bằng {le}", "Input should be less than or equal to {le}"},
		"enum":               {"Giá trị phải là một trong: {expected}", "Input should be one of: {expected}"},
		"uuid_parsing":       {"Giá trị phải là một UUID hợp lệ", "Input should be a valid UUID"},
	}
}
