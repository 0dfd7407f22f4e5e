package http

import "shop/kit/web"

// Texts returns what clients read when this service refuses, by code.
func Texts() web.Texts {
	return web.Texts{
		"product_not_found":    {VI: "Không tìm thấy sản phẩm có ID: {id}", EN: "No product with ID: {id}"},
		"product_changed":      {VI: "Sản phẩm đã thay đổi, vui lòng tải lại", EN: "The product has changed meanwhile, please reload it"},
		"insufficient_stock":   {VI: "Sản phẩm không đủ số lượng. Còn lại: {available}, Yêu cầu: {requested}", EN: "Not enough in stock. Left: {available}, requested: {requested}"},
		"reservation_released": {VI: "Số lượng giữ chỗ đã được trả lại kho", EN: "The reservation has been released"},
		"reservation_mismatch": {VI: "Mã giữ chỗ đã được dùng cho nội dung khác", EN: "The reservation id was used for other content"},

		"unauthenticated":  {VI: "Không thể xác thực thông tin đăng nhập", EN: "Could not validate credentials"},
		"auth_unavailable": {VI: "Không thể xác thực với User Service", EN: "The user service cannot be reached to authenticate you"},

		"blank":             {VI: "Giá trị không được để trống", EN: "Value should not be blank"},
		"control_character": {VI: "Giá trị không được chứa ký tự điều khiển", EN: "Value should not contain control characters"},
		"cursor_invalid":    {VI: "Con trỏ trang không hợp lệ hoặc thuộc về cách sắp xếp khác", EN: "The cursor is not valid or belongs to another sort order"},
	}
}
