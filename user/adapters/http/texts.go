package http

import "shop/kit/web"

// Texts returns what clients read when this service refuses, by code.
func Texts() web.Texts {
	return web.Texts{
		"username_taken":  {VI: "Username '{username}' đã tồn tại. Vui lòng chọn username khác.", EN: "Username '{username}' is taken. Please choose another one."},
		"bad_credentials": {VI: "Username hoặc password không đúng", EN: "Incorrect username or password"},
		"login_throttled": {VI: "Quá nhiều lần đăng nhập không thành công. Vui lòng thử lại sau.", EN: "Too many failed logins. Please try again later."},
		"wrong_password":  {VI: "Password hiện tại không đúng", EN: "The current password is incorrect"},
		"refresh_invalid": {VI: "Refresh token không hợp lệ hoặc đã hết hạn", EN: "The refresh token is invalid or expired"},
		"refresh_reused":  {VI: "Refresh token đã được sử dụng. Vui lòng đăng nhập lại.", EN: "The refresh token was used before. Please log in again."},
		"user_not_found":  {VI: "Không tìm thấy người dùng có ID: {id}", EN: "No user with ID: {id}"},
		"user_changed":    {VI: "Tài khoản vừa được thay đổi. Vui lòng thử lại.", EN: "The account has just been changed. Please try again."},

		"unauthenticated": {VI: "Không thể xác thực thông tin đăng nhập", EN: "Could not validate credentials"},

		"username_edges":      {VI: "Username không được bắt đầu hoặc kết thúc bằng khoảng trắng", EN: "A username should not begin or end with white space"},
		"username_characters": {VI: "Username không được chứa ký tự điều khiển hoặc ký tự không nhìn thấy", EN: "A username should not contain control or invisible characters"},
		"email_invalid":       {VI: "Địa chỉ email không hợp lệ", EN: "The email address is not valid"},
		"phone_invalid":       {VI: "Số điện thoại không hợp lệ", EN: "The phone number is not valid"},
		"push_token_invalid":  {VI: "Push token không hợp lệ", EN: "The push token is not valid"},
	}
}
