package http

import "shop/kit/web"

// Texts returns what clients read when this service refuses, by code.
func Texts() web.Texts {
	return web.Texts{
		"order_not_found":         {VI: "Không tìm thấy đơn hàng có ID: {id}", EN: "No order with ID: {id}"},
		"order_view_forbidden":    {VI: "Bạn không có quyền xem đơn hàng này", EN: "You are not allowed to see this order"},
		"order_update_forbidden":  {VI: "Bạn không có quyền cập nhật đơn hàng này", EN: "You are not allowed to update this order"},
		"order_delete_forbidden":  {VI: "Bạn không có quyền xóa đơn hàng này", EN: "You are not allowed to delete this order"},
		"order_status_transition": {VI: "Không thể chuyển đơn hàng từ trạng thái {from} sang {to}", EN: "An order can't go from {from} to {to}"},

		"product_not_found":           {VI: "Không tìm thấy sản phẩm có ID: {id}", EN: "No product with ID: {id}"},
		"insufficient_stock":          {VI: "Sản phẩm không đủ số lượng. Còn lại: {available}, Yêu cầu: {requested}", EN: "Not enough in stock. Left: {available}, requested: {requested}"},
		"total_too_large":             {VI: "Tổng tiền của đơn hàng quá lớn", EN: "The total of the order is too large"},
		"product_service_unavailable": {VI: "Không thể kết nối với Product Service", EN: "The product service cannot be reached"},
		"reservation_gone":            {VI: "Số lượng giữ chỗ đã hết hạn. Vui lòng thử lại.", EN: "The reserved pieces were released meanwhile. Please try again."},

		"idempotency_key_reused": {VI: "Idempotency-Key này đã được dùng cho một yêu cầu khác", EN: "This Idempotency-Key was used for another request"},
		"idempotency_key_in_use": {VI: "Yêu cầu với Idempotency-Key này đang được xử lý. Vui lòng thử lại sau.", EN: "The request with this Idempotency-Key is still running. Please try again later."},
		"printable_ascii":        {VI: "Giá trị chỉ được chứa ký tự ASCII in được", EN: "Value should contain printable ASCII characters only"},

		"unauthenticated":  {VI: "Token không hợp lệ hoặc đã hết hạn", EN: "The token is not valid or has expired"},
		"auth_unavailable": {VI: "Không thể xác thực với User Service", EN: "The user service cannot be reached to authenticate you"},
	}
}
